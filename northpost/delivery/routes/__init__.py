"""Routes as the transport wants them (ways.py), and tried out (trying.py)."""

from northpost.delivery.routes.ways import TIMEOUTS, RouteUnusable, Way, account_of, endpoint_of, way_of

__all__ = ["TIMEOUTS", "RouteUnusable", "Way", "account_of", "endpoint_of", "way_of"]
