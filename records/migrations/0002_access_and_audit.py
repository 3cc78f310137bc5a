"""Grants on single patients, codes that lead to them, seals of the audit, counters of tries."""

import datetime
import django.db.models.deletion
import django.utils.timezone
import records.models.fields
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


def forget_old_permissions(apps, schema_editor):
    """Drop two permissions that move from PatientGrant to Patient; sync_roles gives the new ones."""
    rows = apps.get_model('auth', 'Permission').objects.using(schema_editor.connection.alias)
    rows.filter(
        content_type__app_label='records',
        content_type__model='patientgrant',
        codename__in=('view_own_record', 'change_own_contact'),
    ).delete()


def give_grants_their_rows(apps, schema_editor):
    """Write the permission rows of the grants that exist, as saving them does from now on."""
    def rows(app, name):
        return apps.get_model(app, name).objects.using(schema_editor.connection.alias)

    grants = rows('records', 'PatientGrant')
    if not grants.exists():
        return
    patient, _ = rows('contenttypes', 'ContentType').get_or_create(app_label='records', model='patient')
    # Django adds the permissions of a migrated model only after the last migration.
    permissions = [
        rows('auth', 'Permission').get_or_create(
            content_type=patient, codename=codename, defaults={'name': name}
        )[0]
        for codename, name in (
            ('view_own_record', 'Can see the records granted to them'),
            ('change_own_contact', 'Can change contact data of records granted to them'),
            ('share_own_record', 'Can share the records granted to them'),
        )
    ]
    rights = {'relative': permissions[:1], 'carer': permissions[:2]}  # the others have all
    right = apps.get_model('records', 'PatientPermission')
    rows('records', 'PatientPermission').bulk_create(
        (
            right(user_id=grant.user_id, content_object_id=grant.patient_id, permission=permission, grant=grant)
            for grant in grants.iterator()
            for permission in rights.get(grant.template, permissions)
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('records', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(forget_old_permissions, migrations.RunPython.noop),
        migrations.CreateModel(
            name='AttemptCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', records.models.fields.CodeField(help_text='What is limited, e.g. sign_in.account', max_length=40)),
                ('subject', records.models.fields.CodeField(max_length=64)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(help_text='1, 2, 3 … without a gap.', unique=True)),
                ('sealed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('after_id', models.PositiveBigIntegerField()),
                ('to_id', models.PositiveBigIntegerField()),
                ('entries', models.PositiveIntegerField(help_text='How many there were.')),
                ('leaves', models.BinaryField()),
                ('key_id', records.models.fields.CodeField(help_text='Which key signed it.', max_length=16)),
                ('digest', records.models.fields.CodeField(max_length=64)),
            ],
            options={
                'ordering': ('number',),
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='ClaimCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('template', models.CharField(choices=[('self', 'Self'), ('guardian', 'Parent or guardian'), ('carer', 'Carer'), ('relative', 'Relative')], default='self', max_length=8)),
                ('digest', records.models.fields.CodeField(editable=False, max_length=64, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('access_until', models.DateTimeField(blank=True, help_text='When the access that it gives ends; empty: never.', null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ('-id',),
                'default_permissions': ('add', 'view'),
            },
        ),
        migrations.CreateModel(
            name='HistoricalClaimCode',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, verbose_name='ID')),
                ('valid_to', models.DateTimeField(default=datetime.datetime(9999, 12, 31, 0, 0, tzinfo=datetime.timezone.utc), editable=False)),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('history_change_reason', models.CharField(blank=True, default='', max_length=500)),
                ('template', models.CharField(choices=[('self', 'Self'), ('guardian', 'Parent or guardian'), ('carer', 'Carer'), ('relative', 'Relative')], default='self', max_length=8)),
                ('digest', records.models.fields.CodeField(editable=False, max_length=64)),
                ('expires_at', models.DateTimeField()),
                ('access_until', models.DateTimeField(blank=True, help_text='When the access that it gives ends; empty: never.', null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('history_id', models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField()),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical claim code',
                'verbose_name_plural': 'historical claim codes',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
                'default_permissions': ('view',),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='PatientPermission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.AlterModelOptions(
            name='patient',
            options={'ordering': ('-id',), 'permissions': (('see_every_patient', 'Can see every patient, enrolled anywhere'), ('merge_patient', 'Can merge and unmerge patients'), ('view_own_record', 'Can see the records granted to them'), ('change_own_contact', 'Can change contact data of records granted to them'), ('share_own_record', 'Can share the records granted to them'), ('register_own_record', 'Can create their own record'), ('claim_record', 'Can claim a record with a code from a clinic'))},
        ),
        migrations.AlterModelOptions(
            name='dose',
            options={'ordering': ('-id',), 'permissions': (('void_dose', 'Can void dose'), ('import_records', 'Can import record files'), ('view_supply_figures', 'Can see how many doses were given of which lot'), ('view_coverage_figures', 'Can see de-identified figures of doses given'))},
        ),
        migrations.AlterModelOptions(
            name='patientgrant',
            options={'ordering': ('-id',)},
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['actor', 'action', 'at'], name='audit_by_actor'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['at'], name='audit_by_time'),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='actor',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='attemptcounter',
            index=models.Index(fields=['since'], name='attempt_counter_by_age'),
        ),
        migrations.AddConstraint(
            model_name='attemptcounter',
            constraint=models.UniqueConstraint(fields=('scope', 'subject'), name='attempt_counter_once'),
        ),
        migrations.AddField(
            model_name='claimcode',
            name='clinic',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='records.clinic'),
        ),
        migrations.AddField(
            model_name='claimcode',
            name='issued_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='claimcode',
            name='patient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claim_codes', to='records.patient'),
        ),
        migrations.AddField(
            model_name='claimcode',
            name='used_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalclaimcode',
            name='clinic',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='records.clinic'),
        ),
        migrations.AddField(
            model_name='historicalclaimcode',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalclaimcode',
            name='issued_by',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalclaimcode',
            name='patient',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='records.patient'),
        ),
        migrations.AddField(
            model_name='historicalclaimcode',
            name='used_by',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='patientpermission',
            name='content_object',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='permissions', to='records.patient'),
        ),
        migrations.AddField(
            model_name='patientpermission',
            name='grant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='permissions', to='records.patientgrant'),
        ),
        migrations.AddField(
            model_name='patientpermission',
            name='permission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission'),
        ),
        migrations.AddField(
            model_name='patientpermission',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='historicalclaimcode',
            index=models.Index(fields=['patient', 'history_date'], name='claimcode_history'),
        ),
        migrations.AddConstraint(
            model_name='historicalclaimcode',
            constraint=models.UniqueConstraint(fields=('id', 'version'), name='claimcode_version_once'),
        ),
        migrations.AddConstraint(
            model_name='historicalclaimcode',
            constraint=models.UniqueConstraint(fields=('id', 'valid_to'), name='claimcode_one_current'),
        ),
        migrations.AlterUniqueTogether(
            name='patientpermission',
            unique_together={('user', 'permission', 'content_object')},
        ),
        migrations.RunPython(give_grants_their_rows, migrations.RunPython.noop),
    ]
