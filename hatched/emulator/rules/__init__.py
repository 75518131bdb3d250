"""The rule engine: rules and states are data, `compute` is a pure function of them."""
