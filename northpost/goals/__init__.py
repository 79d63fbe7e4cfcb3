"""What a firm wants from each group of people: end goals and goals with KPI, baseline, target, deadline and owner.

Tables: goals_end_goal, goals_goal, goals_reading, goals_change.
"""
