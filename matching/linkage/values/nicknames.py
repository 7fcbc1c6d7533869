"""English given names and the short forms that people use for them (common knowledge, not exhaustive)."""

from functools import cache

_GROUPS = """
abigail abby gail|alan al allan allen|albert al bert bertie|alexander alex al sandy xander lex|alexandra alex sandra
alfred alf alfie fred|alice ali|amanda mandy|amelia amy millie|andrew andy drew|angela angie|ann anne anna annie nan
anthony tony ant|antonia toni|archibald archie|arthur art|barbara barb babs|benjamin ben benji benny|bernard bernie
bradley brad|calvin cal|cameron cam|caroline carol carrie|catherine cathy kate katie katherine kathryn kathy cath kat
charles charlie chas chuck|charlotte charlie lottie|christine chris tina christina chrissie|christopher chris kit
daniel dan danny|david dave davey davy|deborah deb debbie|dennis den|dominic dom nick|donald don donnie|dorothy dot
douglas doug|edward ed eddie ted teddy ned|edwin ed|eleanor ellie nell nora elle|elizabeth liz lizzie beth betty eliza
elisabeth libby|emily em emma|eugene gene|evelyn eve evie|florence flo flossie|frances fran|francis frank fran
franklin frank|frederick fred freddie freddy|gabriel gabe|gabrielle gabby|geoffrey geoff jeff jeffrey|george georgie
georgina georgie georgia|gerald gerry jerry|gregory greg|hannah han|harold harry hal|harriet hattie|harry harrison
helen nell|henry harry hank hal|herbert bert|isabella bella izzy isabel isabelle isla|jacob jake|jacqueline jackie
james jim jimmy jamie jem|jane janie|janet jan|jason jay|jennifer jen jenny|jeremy jerry jez|jessica jess jessie
joan joanie|joanna jo joanne|john johnny jack jon|jonathan jon jonny nathan|joseph joe joey|joshua josh|judith judy
julia julie jules|katrina trina|kenneth ken kenny|kimberly kim|laura laurie|lawrence larry laurie laurence
leonard len lenny leo|leonardo leo|lewis lew lou louis|lillian lily lil|louisa lou|louise lou|lucas luke|lucy lu
madeleine maddie maddy madison|margaret maggie meg peggy marge|maria mary|martin marty|matilda tilly|matthew matt
maxwell max|megan meg|melissa mel|melanie mel|michael mike mick micky mikey|michelle shelly|mildred millie
mohammed mohammad muhammad mohamed mo|natalie nat|natasha tasha|nathaniel nathan nat nate|nicholas nick nicky nicolas
nicola nicky nikki|nicole nicky nikki|oliver ollie olly|olivia liv livvy|oscar ossie|pamela pam|patricia pat patty trish
patrick pat paddy|penelope penny|peter pete|philip phil phillip|phillipa pippa|rachel rach|raymond ray|rebecca becky becca
reginald reg reggie|reuben rube|richard rick dick rich ricky|robert rob bob bobby robbie bert|roberta bobbie
roger rog|ronald ron ronnie|rosemary rose rosie|rose rosie|rupert rup|russell russ|samantha sam|samuel sam sammy
sarah sally sadie sara|sebastian seb|sophia sophie|stanley stan|stephanie steph|stephen steve steven stevie|stuart stu
stewart stu|susan sue susie|suzanne sue|sydney sid|tabitha tabby|terence terry|teresa terry tess theresa|theodore ted theo
thomas tom tommy|timothy tim|tobias toby|valerie val|veronica ronnie|victor vic|victoria vicky vic tori|vincent vince
violet vi|virginia ginny|walter wally walt|wilfred wilf|william bill billy will willy liam|winifred winnie|zachary zac zach
"""


@cache
def _members() -> dict[str, frozenset[int]]:
    out: dict[str, set[int]] = {}
    groups = _GROUPS.replace("\n", "|").split("|")
    for number, group in enumerate(groups):
        for word in group.split():
            out.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in out.items()}


def groups(name: str) -> frozenset[int]:
    """Numbers of the groups that a given name belongs to; empty for one that has no short form here."""
    return _members().get(name, frozenset())
