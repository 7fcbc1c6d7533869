"""Names that both national dialects share, and the drift seen in the wild (domain.md, "Settlement").

Real senders mix the dialects in one record (a query 5261 answers with names of both), so each dialect reads
the other's names too and merely prefers its own.
"""

from __future__ import annotations

_SHARED: dict[str, tuple[str, ...]] = {
    "setl_id": ("setl_id",),
    "issuing_centre": ("clr_optins",),
    "insured_area": ("insuplc_admdvs", "insu_admdvs"),
    "insutype": ("insutype",),
    "med_type": ("med_type",),
    "hospital_code": ("fixmedins_code",),
    "hospital_name": ("fixmedins_name",),
    "medins_setl_id": ("medins_setl_id",),
    "mdtrt_id": ("mdtrt_id",),
    "original_setl_id": ("init_setl_id", "original_setl_id"),
    "original_msgid": ("omsgid",),
    "msgid": ("msgid",),
    "refunded": ("refd_setl_flag",),
    "admitted_on": ("begndate", "adm_time", "begntime"),
    "discharged_on": ("enddate", "dscg_time", "endtime"),
    "settled_at": ("setl_time",),
    "disease_code": ("dise_codg", "dise_no", "dscg_maindiag_code"),
    "disease_name": ("dise_name", "dscg_maindiag_name"),
    "total_fee": ("medfee_sumamt", "med_fee_sumamt"),
    "fund_paid": ("fund_pay_sumamt",),
    "person_paid": ("psn_part_amt", "psn_pay"),
    "hospital_borne": ("hosp_part_amt", "ownpay_hosp_part"),
    "account_paid": ("acct_pay",),
    "account_mutual_paid": ("acct_mulaid_pay",),
    "cash_paid": ("psn_cash_pay", "cash_payamt", "psnCash_pay", "pdn_cash_pay"),
    "own_expense": ("fulamt_ownpay_amt",),
    "over_limit": ("overlmt_selfpay", "overlmt_amt"),
    "first_self_pay": ("preselfpay_amt", "prese_ifpay_amt"),
    "in_scope": ("inscp_scp_amt", "inscp_amt"),
    "deductible": ("act_pay_dedc",),
    "pays.basic": ("hifp_pay",),
    "pays.civil_servant": ("cvlserv_pay",),
    "pays.enterprise": ("hifes_pay",),
    "pays.catastrophic": ("hifmi_pay",),
    "pays.large_amount": ("hifob_pay",),
    "pays.other_supplement": ("hifdm_pay",),
    "pays.assistance": ("maf_pay",),
    "pays.other": ("oth_pay", "othfund_pay"),
    "person.psn_no": ("psn_no",),
    "person.cert_type": ("psn_cert_type",),
    "person.cert_no": ("certno", "cert_no"),
    "person.name": ("psn_name",),
    "person.sex": ("gend",),
    "person.birth_date": ("brdy",),
    "person.phone": ("tel", "mob", "phone"),
    "person.area": ("resd_addr_admdvs", "live_admdvs"),
    "hardship.psn_idet_type": ("psn_idet_type",),
    "hardship.mat_idet_code": ("mat_idet_code",),
}

_OTHERS_TEXT = """
    acct_used_flag addr afil_indhos age balc cainfo certno_type chfpdr_code clct_grde clr_type clr_way
    cnt_days crt_dedc crter_id crter_name crte_optins_no crte_time cvlserv_flag cvlserv_lv cust_flag
    dedc_hosp_lv dedc_std dise_type_code emp_mgt_type emp_name emp_no emp_type exp_content expContent
    fix_blng_admdvs fixmedins_poolarea flxempe_flag hi_agre_sumfee hi_type hosp_lv invono ipt_days
    lmtpric_hosp_lv main_cond mdtrt_cert_no mdtrt_cert_type mdtrt_mode naty nwb_flag opt_time opter_id
    opter_name optins_no opter pay_loc poolarea_no pool_prop_selfpay psn_insu_rlts_id psn_type quts_type
    rid setl_cashpay_way setl_mode setl_type setldetail sp_psn_type sp_psn_type_lv sp_setl_mode updt_time
    vali_flag year crt_payb_lmt_amt
"""
_OTHERS = tuple(_OTHERS_TEXT.split())

KNOWN: tuple[str, ...] = (
    *_OTHERS,
    *(f"{name}_name" for name in _OTHERS),
    *(f"{names[0]}_name" for names in _SHARED.values()),
    "insu_admdvs_name",
)


def aliases(**preferred: str) -> dict[str, tuple[str, ...]]:
    """The shared names, with `preferred` (target → name) first."""
    own = dict(_SHARED)
    for target, name in preferred.items():
        own[target] = (name, *(other for other in own[target] if other != name))
    return own
