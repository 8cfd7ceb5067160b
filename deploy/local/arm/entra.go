package arm

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// entraScope is where rights on the tenant's own diagnostic settings are given here. In Azure they come with directory
// roles: Security Administrator is the least.
const entraScope = "/providers/microsoft.aadiam"

const (
	entraKind  = "microsoft.aadiam/diagnosticsettings"
	maxEntra   = 5
	entraTypes = "Microsoft.AADIAM/diagnosticSettings"
)

// entraCategories are Entra's logs that may be sent somewhere: those in use here, and neighbours.
var entraCategories = []string{
	"AuditLogs", "SignInLogs", "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs", "ProvisioningLogs", "ADFSSignInLogs",
	"RiskyUsers", "UserRiskEvents", "NetworkAccessTrafficLogs", "RiskyServicePrincipals", "ServicePrincipalRiskEvents", "EnrichedOffice365AuditLogs",
	"MicrosoftGraphActivityLogs", "RemoteNetworkHealthLogs", "MicrosoftServicePrincipalSignInLogs", "AzureADGraphActivityLogs",
}

// entra serves the diagnostic settings of the tenant.
func (s *Server) entra(r *request) {
	action := entraKind + map[string]string{http.MethodGet: "/read", http.MethodPut: "/write", http.MethodDelete: "/delete"}[r.Method]
	if !s.allowed(r, action, entraScope) {
		return
	}
	switch {
	case r.Method == http.MethodGet && r.tail != "":
		s.list(r)
	case r.Method == http.MethodGet:
		s.get(r)
	case r.Method == http.MethodDelete:
		s.remove(r)
	case r.Method == http.MethodPut && len(r.names) == 1:
		s.putEntra(r)
	default:
		fail(r.w, http.StatusMethodNotAllowed, "MethodNotAllowed", "The local resource manager has no "+r.Method+" for this type.")
	}
}

// putEntra makes or replaces a setting. That a tenant has five at most, and that two settings may not send one category to
// the same place, is documented; the code of the first refusal is a guess.
func (s *Server) putEntra(r *request) {
	var in struct{ Properties map[string]any }
	if !r.body(&in) {
		return
	}
	rule, _ := in.Properties["eventHubAuthorizationRuleId"].(string)
	place := false
	for _, name := range []string{"eventHubAuthorizationRuleId", "workspaceId", "storageAccountId"} {
		id, _ := in.Properties[name].(string)
		place = place || id != ""
	}
	logs, known := entraLogs(in.Properties)
	others := s.otherSettings(r)
	switch {
	case !place:
		fail(r.w, http.StatusBadRequest, "BadRequest", "At least one data sink needs to be specified.")
	case rule != "" && !strings.Contains(strings.ToLower(rule), "/providers/microsoft.eventhub/namespaces/"):
		fail(r.w, http.StatusBadRequest, "BadRequest", "The event hub authorization rule id is not valid.")
	case known != "":
		fail(r.w, http.StatusBadRequest, "BadRequest", "Category '"+known+"' is not supported.")
	case len(others) >= maxEntra:
		fail(r.w, http.StatusConflict, "Conflict", fmt.Sprintf("The limit of %d diagnostic settings was reached.", maxEntra))
	case s.sinkTaken(r, others, rule, logs):
	default:
		s.state.Resources[lower(r.id())] = &Resource{ID: r.id(), Name: r.names[0], Type: entraTypes, Properties: in.Properties}
		if s.stored(r) {
			answer(r.w, http.StatusOK, s.render(s.state.Resources[lower(r.id())]))
		}
	}
}

func (s *Server) otherSettings(r *request) []*Resource {
	var out []*Resource
	for key, res := range s.state.Resources {
		if strings.EqualFold(res.Type, entraTypes) && key != lower(r.id()) {
			out = append(out, res)
		}
	}
	return out
}

// sinkTaken refuses a category that another setting sends to the same namespace, and reports whether it did.
func (s *Server) sinkTaken(r *request, others []*Resource, rule string, logs []string) bool {
	for _, o := range others {
		have, _ := o.Properties["eventHubAuthorizationRuleId"].(string)
		if rule == "" || !strings.EqualFold(have, rule) {
			continue
		}
		on, _ := entraLogs(o.Properties)
		for _, c := range logs {
			if slices.Contains(on, c) {
				fail(r.w, http.StatusConflict, "Conflict", fmt.Sprintf("Data sink '%s' is already used in diagnostic setting '%s' for category '%s'. Data sinks can't be reused in different settings on the same category for the same resource.", rule, o.Name, c))
				return true
			}
		}
	}
	return false
}

// entraLogs returns the categories that are on, and one that is not known.
func entraLogs(properties map[string]any) (on []string, unknown string) {
	list, _ := properties["logs"].([]any)
	for _, l := range list {
		log, _ := l.(map[string]any)
		name, _ := log["category"].(string)
		if !slices.Contains(entraCategories, name) {
			return nil, name + " "
		}
		if log["enabled"] == true {
			on = append(on, name)
		}
	}
	return on, ""
}
