"""How fast mail may leave: the firm's own ceiling, what holds mail back now, and plans that warm a domain up."""
