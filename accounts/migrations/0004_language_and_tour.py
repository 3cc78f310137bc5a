from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_applications'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, default='', editable=False, help_text='Blank: the one the browser asks for.', max_length=12),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='user',
            name='toured_at',
            field=models.DateTimeField(editable=False, help_text='When the first-run tour was dismissed.', null=True),
        ),
    ]
