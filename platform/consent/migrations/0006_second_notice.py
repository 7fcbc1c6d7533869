"""The second version: it says what becomes of money that was approved and not paid, and of the payee; and it names no
calendar date, so that the same yes on another day is the same text.
"""

import hashlib

from django.db import migrations
from django.utils import timezone

BODY = """谁来看：{organisation}，只有办“{fund}”这件事的人能看。
用来做什么：判断能不能资助这次看病、资助多少，以及付款。不做别的用途。
看什么：{categories}。
不看什么：以前的病、别的住院；银行卡、密码。
怎么看：在接力平台上看，每看一次都有记录，您随时可以查是谁、什么时候、为什么看的。
看到什么时候：从您同意那天起 {days} 天，到期自动看不到；您可以提前收回。
收回或到期以后：它马上看不到您的资料，平台会请它删掉自己留的资料。给您留着、还没批准的钱会放开。已经批准、还没付的钱照样付给您：为了付这笔钱，付款的人还能看收款户名和账号，每看一次都有记录，付完或取消就删掉，最多留 180 天。已经付的钱不用退。基金只留案号、决定、金额和付款记录，没有您的名字。
不同意也没关系：其他基金照样可以申请，医保不受影响。基金不会知道您拒绝过。
有问题找谁：接力客服 400-000-0000；您也可以向网信、医保部门投诉。
"""


def add(apps, schema_editor):
    apps.get_model("consent", "Notice").objects.create(
        version=2, body=BODY, sha256=hashlib.sha256(BODY.encode()).hexdigest(), effective_from=timezone.now()
    )


class Migration(migrations.Migration):
    dependencies = [("consent", "0005_opened")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
