"""Products, orders with their lines, refunds; their import and export.

Tables: sales_product, sales_order, sales_line, sales_refund.
"""
