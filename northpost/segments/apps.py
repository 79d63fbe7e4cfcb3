from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    name = "northpost.segments"
    label = "segments"
