"""The first version of the notice. A new text is a new migration or `Notice` row, never a change of this one."""

import hashlib

from django.db import migrations
from django.utils import timezone

BODY = """谁来看：{organisation}，只有办“{fund}”这件事的人能看。
用来做什么：判断能不能资助这次看病、资助多少，以及付款。不做别的用途。
看什么：{categories}。
不看什么：以前的病、别的住院；银行卡、密码。
怎么看：在接力平台上看，每看一次都有记录，您随时可以查是谁、什么时候、为什么看的。
看到什么时候：{until}为止，您可以提前收回。
收回以后：它马上看不到；平台会请它删掉自己留的资料。已经批准但没付的钱，由基金按规定处理；已经付的钱不用退。
不同意也没关系：其他基金照样可以申请，医保不受影响。基金不会知道您拒绝过。
有问题找谁：接力客服 400-000-0000；您也可以向网信、医保部门投诉。
"""


def add(apps, schema_editor):
    apps.get_model("consent", "Notice").objects.create(
        version=1, body=BODY, sha256=hashlib.sha256(BODY.encode()).hexdigest(), effective_from=timezone.now()
    )


class Migration(migrations.Migration):
    dependencies = [("consent", "0002_access")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
