package settings

import (
	"fmt"
	"strings"

	"rekey/shared/event"
	"rekey/shared/rule"
)

// World is what the tenant declares about itself, so that changes can be judged. Nothing of it is needed: without a list,
// the rules that compare with it are silent, and nobody is trusted.
type World struct {
	Domains   []string `envconfig:"REKEY_DOMAINS" help:"your verified domains, separated by commas, like contoso.com,contoso.onmicrosoft.com; redirect URIs elsewhere are told"`
	Deployers []string `envconfig:"REKEY_DEPLOYERS" help:"object ids of the people and principals, and application ids, whose work is to change applications, separated by commas; what they change counts one level less"`
	Responder string   `envconfig:"REKEY_RESPOND_ID" help:"object id or client id of the identity that Rekey's respond app acts as; what it changes is in the ledger, and whatever somebody else changes about it is told as high"`
	Approved  []string `envconfig:"REKEY_APPROVED_APPS" help:"application ids that users may consent to, separated by commas; empty: there is no such list"`
	Sources   []string `envconfig:"REKEY_REPOSITORIES" help:"GitHub organisations, or repositories as organisation/name, whose workflows may sign in as your applications, separated by commas"`
	Issuers   []string `envconfig:"REKEY_ISSUERS" help:"issuers of federated credentials that are your own, like https://oidc.contoso.com, separated by commas"`
	Own       []string `envconfig:"REKEY_OWN_SCOPES" help:"ids of Rekey's own Azure resources or resource groups, separated by commas, like /subscriptions/<id>/resourceGroups/rekey; what anybody but a declared deployer does there is told as high; empty: nothing is known to be Rekey's"`
}

// Validate implements the check of package config: a scope that is none would watch nothing, or everything.
func (w *World) Validate() error {
	for _, s := range plain(w.Own) {
		if parts := strings.Split(s, "/"); len(parts) < 3 || parts[0] != "" || parts[1] != "subscriptions" || parts[2] == "" {
			return fmt.Errorf("REKEY_OWN_SCOPES names %q: the id of a resource group, a resource, or a subscription of its own is expected, like /subscriptions/<id>/resourceGroups/rekey", s)
		}
	}
	return nil
}

// Declared returns it as the rules want it: in lower case, without spaces.
func (w World) Declared(tenant string) *rule.World {
	responder := plain([]string{w.Responder})
	out := &rule.World{
		Tenant: strings.ToLower(tenant), Domains: plain(w.Domains), Deployers: plain(w.Deployers), Approved: plain(w.Approved), Sources: plain(w.Sources),
	}
	for _, i := range plain(w.Issuers) {
		out.Issuers = append(out.Issuers, strings.TrimSuffix(strings.TrimPrefix(i, "https://"), "/"))
	}
	for _, s := range plain(w.Own) {
		out.Own = append(out.Own, strings.TrimRight(s, "/"))
	}
	if len(responder) > 0 { // whichever of the two ids it is, the other is not known
		out.Self = event.Principal{ObjectID: responder[0], AppID: responder[0]}
	}
	return out
}

func plain(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.ToLower(strings.TrimSpace(s)); s != "" {
			out = append(out, s)
		}
	}
	return out
}
