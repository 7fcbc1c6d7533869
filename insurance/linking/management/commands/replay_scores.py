"""manage.py replay_scores: every kept score once more, by the parameter table that gave it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from insurance.linking import scores
from scope import engine_scope


class Command(BaseCommand):
    help = "重算保存下来的每一个比对得分（按当时的参数版本），并指出对不上的；不读任何人的资料"

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends with an error if a score does not come again."""
        with engine_scope("replay_scores"):
            counts, odd = scores.check()
        self.stdout.write(
            f"得分一致 {counts['same']:,}，不一致 {counts['other']:,}，版本或等级不认得 {counts['unknown']:,}，"
            f"早期没有保存等级 {counts['without']:,}"
        )
        for line in odd[:50]:
            self.stdout.write(line)
        if odd:
            raise CommandError(f"{len(odd):,} 个得分重算不出来：参数表被改过，或程序版本不对")
