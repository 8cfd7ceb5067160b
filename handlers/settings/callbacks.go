package settings

import (
	"fmt"
	"net/http"
	"strings"

	"rekey/shared/host/webhook"
)

// Callbacks says who may be called back by subscriptions. Both sides are told: the one that takes an address, and the one that calls it.
type Callbacks struct {
	CallbackHosts []string `envconfig:"REKEY_CALLBACK_HOSTS" default:"*.logic.azure.com" help:"hosts that subscriptions may name as their callbacks, separated by commas; *.logic.azure.com is every host below it, which is where workflows of Logic Apps (Consumption) are called; for Logic Apps (Standard) name the app's own host, like contoso-flows.azurewebsites.net; the face and the respond app need the same"`
}

// Validate implements the check of package config.
func (c *Callbacks) Validate() error {
	for _, h := range c.CallbackHosts {
		h = strings.TrimSpace(h)
		if name := strings.TrimPrefix(h, "*."); h == "" || strings.ContainsAny(name, "*/:@ ") || h != name && !strings.Contains(name, ".") {
			return fmt.Errorf("REKEY_CALLBACK_HOSTS names %q: names of hosts like contoso-flows.azurewebsites.net, or *. and a domain of two parts or more", h)
		}
	}
	return nil
}

// CallbackTransport connects to the Internet only, unless authority and vault are private, too: then this is one machine, or a cloud
// of its own.
func (r *Respond) CallbackTransport() http.RoundTripper {
	if r.Private {
		return http.DefaultTransport
	}
	return webhook.Public()
}
