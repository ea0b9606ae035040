"""The staff door to files, their bytes, links and limits, and to tokens and jobs. Importing it registers the windows."""

from django.contrib import admin

from assets_app.admin import assets, blobs, links, uses, work
from assets_app.jobs import hide_library

__all__ = ["assets", "blobs", "links", "uses", "work"]

admin.site.site_header = "Holdfast"
admin.site.site_title = "Holdfast"
admin.site.index_title = "What is kept, and what happened"
hide_library(admin.site)
