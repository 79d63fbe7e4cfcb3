"""KPI counts per day, campaign reports, touched revenue by last click: all without machine opens and clicks.

Tables: analytics_daily, analytics_touch.
"""
