"""What is sold and to whom: products, orders with lines, refunds. Each order is also an event with its value.

Tables: sales_product, sales_order, sales_line, sales_refund.
"""
