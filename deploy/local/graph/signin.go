package graph

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// oneSignIn is the filter that is served: one sign-in, of some event types.
var oneSignIn = regexp.MustCompile(`^id eq '((?:[^']|'')+)'(?: and signInEventTypes/any\(t: (t eq '\w+'(?: or t eq '\w+')*)\))?$`)

// signIns answers as the beta version does: without a filter on signInEventTypes it shows people's interactive sign-ins
// only, and those are none of ours (signIn resource type, beta).
func (s *Server) signIns(c call) {
	m := oneSignIn.FindStringSubmatch(c.r.URL.Query().Get("$filter"))
	if m == nil {
		c.refuse(problem{http.StatusBadRequest, "BadRequest", "Invalid filter clause", nil})
		return
	}
	items := []item{}
	x, ok := s.directory.SignIn(strings.ReplaceAll(m[1], "''", "'"))
	if types := strings.Split(m[2], " or "); ok && slices.Contains(types, "t eq '"+x.EventType+"'") {
		items = append(items, item{
			"id": x.ID, "createdDateTime": x.Created, "signInEventTypes": []string{x.EventType}, "servicePrincipalId": x.ServicePrincipalID, "appId": x.AppID,
			"ipAddress": x.IPAddress, "resourceId": x.ResourceID, "servicePrincipalCredentialKeyId": x.CredentialKeyID, "status": map[string]any{"errorCode": x.ErrorCode},
		})
	}
	answer(c.w, http.StatusOK, map[string]any{"@odata.context": Audience + "/beta/$metadata#auditLogs/signIns", "value": items})
}
