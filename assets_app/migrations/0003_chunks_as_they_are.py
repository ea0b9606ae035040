"""On PostgreSQL chunks are stored as they are: most are compressed already, and a part of one is read without the rest."""

from django.db import migrations


def store_as_they_are(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE blob_chunks ALTER COLUMN data SET STORAGE EXTERNAL")


class Migration(migrations.Migration):
    dependencies = [("assets_app", "0002_transactions_of_changes")]
    operations = [migrations.RunPython(store_as_they_are, migrations.RunPython.noop)]
