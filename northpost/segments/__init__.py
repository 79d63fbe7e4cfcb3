"""Groups of people by rule: a typed tree compiled to one parametrised statement; and each person's life-cycle stage.

Tables: segments_segment, segments_size, segments_lifecycle, segments_move, segments_thresholds.
"""
