"""`make demo`: the whole story on a real cluster, in about two minutes, with evidence that is not the product's own."""
