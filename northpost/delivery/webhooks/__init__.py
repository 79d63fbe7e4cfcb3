"""What e-mail services report: taken in at once, each only once (applying.take_in); what follows, by a job.

How a service proves itself and words its reports stands with the service, in esp/providers.
"""
