package remediations

import (
	"net/http"

	"rekey/handlers/access"
	"rekey/handlers/orders"
	"rekey/handlers/rotations"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
	"rekey/shared/remedy"
)

const (
	tag  = "remediations"
	all  = "/remediations"
	one  = all + "/{id}"
	turn = one + rotationPart
)

// Routes are the calls about remediations.
func Routes(c Config) []httpapi.Route {
	h := &handler{c}
	looks := func(name, path, summary string, do func(http.ResponseWriter, *http.Request) error, about httpapi.About) httpapi.Route {
		about.Tag = tag
		return httpapi.Route{Method: http.MethodGet, Path: path, Name: name, Summary: summary, Permission: access.ReadPrincipals, About: about, Do: do}
	}
	acts := func(name, path, summary string, do func(http.ResponseWriter, *http.Request) error, body any) httpapi.Route {
		return httpapi.Route{
			Method: http.MethodPost, Path: path, Name: name, Summary: summary, Permission: access.Act, Do: do,
			About: httpapi.About{Tag: tag, Body: body, Headers: []httpapi.Param{orders.KeyHeader}, Answers: orders.Repeats()},
		}
	}
	return []httpapi.Route{
		acts("requestRemediation", all, "Ask for a remediation of a principal: for a plan, or for more.", h.ask, request{}),
		looks("listRemediations", all, "List remediations, the newest first.", h.list, listed),
		looks("getRemediation", one, "Read one remediation: its plan, who said what, how far it is, and what remains.", h.get, httpapi.About{
			Headers: []httpapi.Param{{Name: "Accept", Text: "text/plain: the same for people."}},
			Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "The remediation.", Body: whole{}, Plain: true}},
		}),
		looks("getRemediationLedger", one+"/ledger", "Read the record of what was done, which can only be appended to.", h.record, shows(record{})),
		acts("approveRemediation", one+"/approve", "Say yes to a plan, by its hash.", h.approve, yes{}),
		acts("rejectRemediation", one+"/reject", "Say no to a plan that nothing was done of.", h.against(order.Reject, (*remedy.Operation).Reject), no{}),
		acts("cancelRemediation", one+"/cancel", "Stop a remediation after the step in flight.", h.against(order.Cancel, (*remedy.Operation).Stop), no{}),
		acts("undoRemediation", one+"/undo", "Show what would come back of what was there before, or order that it does.", h.undo, back{}),
		looks("getRotation", turn, "Read the rotation of the same case: the secrets that the principal could get at, by tier.", h.rotation, shows(rotation{})),
		acts("approveRotationTier", turn+"/approve", "Say yes to a tier of the rotation, by its hash.", h.word(order.ApproveTier, rotations.Approve), say{}),
		acts("declineRotationTier", turn+"/decline", "Say no to what was not begun of a tier.", h.word(order.DeclineTier, rotations.Decline), say{}),
		acts("resumeRotationTarget", turn+"/resume", "Go on with a secret that was parked.", h.word(order.Retry, rotations.Resume), say{}),
	}
}

func shows(body any) httpapi.About {
	return httpapi.About{Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "What there is.", Body: body}}}
}

var listed = httpapi.About{
	Query: []httpapi.Param{
		{Name: "$filter", Text: "Which are wanted, like state eq 'awaitingApproval'; by state, servicePrincipalId, appId, caseId, displayName and createdDateTime."},
		{Name: "$top", Text: "How many a page has at most: 1 to 100, 20 if not given.", Kind: "integer"},
		{Name: "$skiptoken", Text: "Comes with @odata.nextLink."},
	},
	Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "A page of the list.", Body: httpapi.Collection[remediation]{}}},
}
