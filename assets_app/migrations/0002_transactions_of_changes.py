"""On PostgreSQL every entry of the feed notes the transaction that wrote it: ids alone do not tell in which order they appear."""

from django.db import migrations


def number_transactions(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE changes ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint")


class Migration(migrations.Migration):
    dependencies = [("assets_app", "0001_initial")]
    operations = [migrations.RunPython(number_transactions, migrations.RunPython.noop)]
