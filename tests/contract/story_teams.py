"""Teams in the day at a small company: a call for skills, applications, invitations, handing over."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of teams once."""
    lead, mate, other = company.employee, company.colleague, company.outsider
    idea = lead.rest.post("/ideas", json={"title": "空压机余热供浴室热水"}).json()["id"]
    founded = {"name": "余热小组", "purpose": "十二月前装好一台试用", "idea_id": idea, "role": "牵头"}
    team = do("foundTeam", lead, body=founded)["id"]
    do("changeTeam", lead, team, body={"purpose": "十二月前装好一台，试用两周"})
    wanted = {"skills": ["PLC 编程", "热工计算"], "text": "每周半天，到年底", "seats": 2}
    call = do("callForSkills", lead, team, body={**wanted, "closes_at": "2098-12-01T09:00:00Z"})["id"]
    do("changeTeamCall", lead, call, body={"closes_at": "2098-12-15T09:00:00Z"})
    do("listTeamCalls", mate, skill="PLC 编程", limit=2)
    do("getTeamCall", mate, call)
    path = f"/team-calls/{call}/applications"
    message = {"skill": "PLC 编程", "message": "去年做过烘箱的温控。"}
    application = do("applyToTeam", mate, call, body=message)["id"]
    do("getTeamApplication", lead, application)
    do("listTeamApplications", lead, team, state="pending", limit=2)
    do("acceptTeamApplication", lead, application, body={"answer": "欢迎，周三下午碰头。"})
    second = other.rest.post(path, json={"skill": "热工计算"}).json()["id"]
    do("withdrawTeamApplication", other, second)
    third = company.hr.rest.post(path, json={"skill": "热工计算"}).json()["id"]
    do("declineTeamApplication", lead, third, body={"answer": "这次需要做过计算的人。"})
    do("listMyTeamApplications", mate, limit=2)
    do("closeTeamCall", lead, call)
    invited = {"person_id": str(other.id), "role": "供应商联络", "message": "德语的事想请你帮忙。"}
    invitation = do("inviteToTeam", lead, team, body={**invited, "expires_at": "2098-12-01T09:00:00Z"})["id"]
    do("listTeamInvitations", lead, team, limit=2)
    do("listMyTeamInvitations", other, limit=2)
    do("getTeamInvitation", other, invitation)
    do("acceptTeamInvitation", other, invitation)
    others = [
        lead.rest.post(f"/teams/{team}/invitations", json={"person_id": str(person.id)}).json()["id"]
        for person in (company.hr, company.finance)
    ]
    do("declineTeamInvitation", company.hr, others[0])
    do("withdrawTeamInvitation", lead, others[1])
    do("changeTeamMember", lead, team, mate.id, body={"lead": True})
    do("getTeam", company.hr, team)
    do("listTeams", company.hr, idea=idea, limit=2)
    do("removeTeamMember", mate, team, other.id)
    do("leaveTeam", lead, team)
    do("dissolveTeam", mate, team)
