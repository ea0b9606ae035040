"""The log and the versions are append-only: the database itself refuses to change them, and to remove entries of the log."""

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION holdfast_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER activity_is_append_only BEFORE UPDATE OR DELETE ON session_activity_log
    FOR EACH ROW EXECUTE FUNCTION holdfast_refuse();
CREATE TRIGGER activity_is_never_emptied BEFORE TRUNCATE ON session_activity_log
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast_refuse();
CREATE TRIGGER versions_never_change BEFORE UPDATE ON session_versions
    FOR EACH ROW EXECUTE FUNCTION holdfast_refuse();
ALTER TABLE session_versions ALTER COLUMN packed SET STORAGE EXTERNAL;
ALTER TABLE session_conflicts ALTER COLUMN packed SET STORAGE EXTERNAL;
"""
# INSERT OR REPLACE deletes without asking the triggers on deletion, so what it would replace is looked for first.
SQLITE = [
    """CREATE TRIGGER activity_never_changes BEFORE UPDATE ON session_activity_log
    BEGIN SELECT RAISE(ABORT, 'session_activity_log is append-only'); END""",
    """CREATE TRIGGER activity_never_goes BEFORE DELETE ON session_activity_log
    BEGIN SELECT RAISE(ABORT, 'session_activity_log is append-only'); END""",
    """CREATE TRIGGER activity_is_never_replaced BEFORE INSERT ON session_activity_log WHEN EXISTS (
        SELECT 1 FROM session_activity_log WHERE id = NEW.id OR (session_uuid = NEW.session_uuid AND seq = NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'session_activity_log is append-only'); END""",
    """CREATE TRIGGER versions_never_change BEFORE UPDATE ON session_versions
    BEGIN SELECT RAISE(ABORT, 'session_versions is append-only'); END""",
    """CREATE TRIGGER versions_are_never_replaced BEFORE INSERT ON session_versions WHEN EXISTS (
        SELECT 1 FROM session_versions WHERE id = NEW.id OR (session_id = NEW.session_id AND version = NEW.version))
    BEGIN SELECT RAISE(ABORT, 'session_versions is append-only'); END""",
]
DROP_POSTGRESQL = """
DROP TRIGGER activity_is_append_only ON session_activity_log;
DROP TRIGGER activity_is_never_emptied ON session_activity_log;
DROP TRIGGER versions_never_change ON session_versions;
DROP FUNCTION holdfast_refuse();
"""
SQLITE_NAMES = [
    "activity_never_changes", "activity_never_goes", "activity_is_never_replaced", "versions_never_change",
    "versions_are_never_replaced",
]


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
    else:
        for statement in SQLITE:
            schema_editor.execute(statement)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP_POSTGRESQL, params=None)
    else:
        for name in SQLITE_NAMES:
            schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
