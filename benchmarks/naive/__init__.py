"""A plain hub as one writes it in an hour with Django REST framework: what Holdfast is measured against."""
