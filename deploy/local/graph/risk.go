package graph

import (
	"net/http"

	"rekey/deploy/local/directory"
)

// outcome is what an administrator says of a risk.
type outcome struct{ level, state, detail string }

var (
	confirmed = outcome{"high", "confirmedCompromised", "adminConfirmedServicePrincipalCompromised"}
	dismissed = outcome{"none", "dismissed", "adminDismissedAllRiskForServicePrincipal"}
)

// maxRiskIDs is how many principals one request may name. It is documented for dismiss, and taken for both.
const maxRiskIDs = 60

// unlicensed refuses without Workload ID Premium. That it is a 403 is reported (zerotrustassessment issue 1022); code
// and message are guessed.
func (s *Server) unlicensed(c call) bool {
	if s.options.Unlicensed {
		problem{http.StatusForbidden, "Forbidden", "Your tenant is not licensed for this feature.", nil}.write(c.w)
	}
	return s.options.Unlicensed
}

// risky is the risk of a principal as Graph shows it. Members that came to the enumeration later are named only to who
// asks for them.
func risky(c call, o directory.Object) item {
	return item{
		"id": o.ID, "appId": o.AppID, "displayName": o.DisplayName, "isEnabled": o.AccountEnabled, "isProcessing": false,
		"servicePrincipalType": o.ServicePrincipalType, "riskLevel": o.Risk.Level, "riskState": o.Risk.State,
		"riskDetail": evolvable(c, o.Risk.Detail), "riskLastUpdatedDateTime": o.Risk.Updated,
	}
}

func evolvable(c call, detail string) string {
	if (detail == confirmed.detail || detail == dismissed.detail) && c.r.Header.Get("Prefer") != "include-unknown-enum-members" {
		return "unknownFutureValue"
	}
	return detail
}

func (s *Server) riskyPrincipals(c call) {
	if s.unlicensed(c) {
		return
	}
	var items []item
	for _, o := range c.view.List(directory.ServicePrincipals) {
		if o.Risk != nil {
			items = append(items, risky(c, o))
		}
	}
	s.page(c, "identityProtection/riskyServicePrincipals", items)
}

// atRisk returns the principal a call is about, when it has a risk.
func (s *Server) atRisk(c call) (directory.Object, bool) {
	if s.unlicensed(c) {
		return directory.Object{}, false
	}
	o, ok := c.view.Get(directory.ServicePrincipals, c.id())
	if !ok || o.Risk == nil {
		notFound(c.id()).write(c.w)
		return o, false
	}
	return o, true
}

func (s *Server) riskyPrincipal(c call) {
	if o, ok := s.atRisk(c); ok {
		answer(c.w, http.StatusOK, selected(risky(c, o), c.r.URL.Query().Get("$select")))
	}
}

func (s *Server) riskHistory(c call) {
	o, ok := s.atRisk(c)
	if !ok {
		return
	}
	var items []item
	for _, h := range o.Risk.History {
		entry := risky(c, o)
		entry["servicePrincipalId"], entry["initiatedBy"], entry["activity"] = o.ID, h.InitiatedBy, nil
		entry["riskLevel"], entry["riskState"], entry["riskDetail"] = h.Level, h.State, evolvable(c, h.Detail)
		entry["riskLastUpdatedDateTime"] = h.Time
		items = append(items, entry)
	}
	s.page(c, "identityProtection/riskyServicePrincipals/history", items)
}

// setRisk writes an administrator's word on some principals: all of them or, when one is not there, none.
func (s *Server) setRisk(o outcome) func(call) {
	return func(c call) {
		if s.unlicensed(c) {
			return
		}
		var in struct{ ServicePrincipalIDs []string }
		if c.body(&in) != nil || len(in.ServicePrincipalIDs) == 0 || len(in.ServicePrincipalIDs) > maxRiskIDs {
			problem{http.StatusBadRequest, "BadRequest", "The number of servicePrincipalIds must be between 1 and 60.", nil}.write(c.w)
			return
		}
		for _, id := range in.ServicePrincipalIDs {
			sp, ok := s.directory.Get(directory.ServicePrincipals, id)
			if !ok || sp.ServicePrincipalType == managed {
				notFound(id).write(c.w)
				return
			}
		}
		for _, id := range in.ServicePrincipalIDs {
			err := s.directory.Update(directory.ServicePrincipals, id, c.actor.AppID, o.state, func(sp *directory.Object) error {
				risk := directory.Risk{Level: o.level, State: o.state, Detail: o.detail, Updated: now()}
				if sp.Risk != nil {
					risk.History = append(risk.History, sp.Risk.History...)
				}
				risk.History = append(risk.History, directory.RiskChange{Time: risk.Updated, Level: o.level, State: o.state, Detail: o.detail, InitiatedBy: c.actor.Object})
				sp.Risk = &risk
				return nil
			})
			if err != nil {
				c.refuse(err)
				return
			}
		}
		c.end(nil)
	}
}

// riskDetections lists one detection for each principal at risk: that an administrator confirmed it is one, too.
func (s *Server) riskDetections(c call) {
	if s.unlicensed(c) {
		return
	}
	var items []item
	for _, o := range c.view.List(directory.ServicePrincipals) {
		if o.Risk == nil {
			continue
		}
		kind := "generic"
		if o.Risk.State == confirmed.state {
			kind = "adminConfirmedServicePrincipalCompromised"
		}
		items = append(items, item{
			"@odata.type": "#microsoft.graph.servicePrincipalRiskDetection", "id": "d" + o.ID, "requestId": nil, "correlationId": nil,
			"riskEventType": kind, "riskState": o.Risk.State, "riskLevel": o.Risk.Level, "riskDetail": evolvable(c, o.Risk.Detail),
			"source": "IdentityProtection", "detectionTimingType": "offline", "tokenIssuerType": "AzureAD", "ipAddress": nil, "location": nil,
			"activityDateTime": o.Risk.Updated, "detectedDateTime": o.Risk.Updated, "lastUpdatedDateTime": o.Risk.Updated,
			"servicePrincipalId": o.ID, "servicePrincipalDisplayName": o.DisplayName, "appId": o.AppID, "keyIds": []string{},
			"additionalInfo": `[{"Key":"alertUrl","Value":null}]`,
		})
	}
	s.page(c, "identityProtection/servicePrincipalRiskDetections", items)
}
