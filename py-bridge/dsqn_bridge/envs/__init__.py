"""Gymnasium environments behind the bridge."""
