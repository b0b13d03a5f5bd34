"""How PostgreSQL keeps the rows that are written twice: with room beside them, so that an index is not touched again."""

from django.db import migrations


FILL = {"wagtail_sms_delivery": 50, "wagtail_sms_batch": 70}


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, percent in FILL.items():
            schema_editor.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")


def as_usual(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in FILL:
            schema_editor.execute(f"ALTER TABLE {table} RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("wagtail_sms", "0001_initial")]
    operations = [migrations.RunPython(leave_room, as_usual)]
