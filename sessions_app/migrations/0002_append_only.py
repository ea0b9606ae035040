"""The log, the versions and what conflicts keep are append-only: the database itself refuses to change them.

Entries of the log never go. Versions and conflicts go only with a session that is in the trash.
"""

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION holdfast_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE FUNCTION holdfast_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND deleted_at IS NULL) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER activity_is_append_only BEFORE UPDATE OR DELETE ON session_activity_log
    FOR EACH ROW EXECUTE FUNCTION holdfast_refuse();
CREATE TRIGGER activity_is_never_emptied BEFORE TRUNCATE ON session_activity_log
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast_refuse();
CREATE TRIGGER versions_never_change BEFORE UPDATE ON session_versions
    FOR EACH ROW EXECUTE FUNCTION holdfast_refuse();
CREATE TRIGGER versions_are_kept BEFORE DELETE ON session_versions
    FOR EACH ROW EXECUTE FUNCTION holdfast_keep();
CREATE TRIGGER versions_are_never_emptied BEFORE TRUNCATE ON session_versions
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast_refuse();
CREATE TRIGGER refused_documents_never_change
    BEFORE UPDATE OF packed, sha256, size_bytes, keyframe, base_version, current_version, saved_by_id, created_at ON session_conflicts
    FOR EACH ROW EXECUTE FUNCTION holdfast_refuse();
CREATE TRIGGER conflicts_are_kept BEFORE DELETE ON session_conflicts
    FOR EACH ROW EXECUTE FUNCTION holdfast_keep();
CREATE TRIGGER conflicts_are_never_emptied BEFORE TRUNCATE ON session_conflicts
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast_refuse();
ALTER TABLE session_versions ALTER COLUMN packed SET STORAGE EXTERNAL;
ALTER TABLE session_conflicts ALTER COLUMN packed SET STORAGE EXTERNAL;
"""
DROP_POSTGRESQL = "DROP FUNCTION holdfast_refuse CASCADE; DROP FUNCTION holdfast_keep CASCADE;"

LIVE = "SELECT 1 FROM sessions WHERE id = OLD.session_id AND deleted_at IS NULL"
# By name: when, and on which table. INSERT OR REPLACE deletes without asking the triggers on deletion, so what it would
# replace is looked for first.
SQLITE = {
    "activity_never_changes": ("UPDATE", "session_activity_log", ""),
    "activity_never_goes": ("DELETE", "session_activity_log", ""),
    "activity_is_never_replaced": (
        "INSERT",
        "session_activity_log",
        "SELECT 1 FROM session_activity_log WHERE id = NEW.id OR (session_uuid = NEW.session_uuid AND seq = NEW.seq)",
    ),
    "versions_never_change": ("UPDATE", "session_versions", ""),
    "versions_are_kept": ("DELETE", "session_versions", LIVE),
    "versions_are_never_replaced": (
        "INSERT",
        "session_versions",
        "SELECT 1 FROM session_versions WHERE id = NEW.id OR (session_id = NEW.session_id AND version = NEW.version)",
    ),
    "refused_documents_never_change": (
        "UPDATE OF packed, sha256, size_bytes, keyframe, base_version, current_version, saved_by_id, created_at",
        "session_conflicts",
        "",
    ),
    "conflicts_are_kept": ("DELETE", "session_conflicts", LIVE),
    "conflicts_are_never_replaced": (
        "INSERT",
        "session_conflicts",
        "SELECT 1 FROM session_conflicts WHERE id = NEW.id OR uuid = NEW.uuid",
    ),
}


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
        return
    for name, (moment, table, condition) in SQLITE.items():
        when = f"WHEN EXISTS ({condition})" if condition else ""
        refusal = f"SELECT RAISE(ABORT, '{table} is append-only')"
        schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {moment} ON {table} {when} BEGIN {refusal}; END", params=None)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP_POSTGRESQL, params=None)
        return
    for name in SQLITE:
        schema_editor.execute(f"DROP TRIGGER {name}", params=None)


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
