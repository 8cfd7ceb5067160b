package setup

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// ReadOutputs takes what `tofu output -json` prints: the identities, and which categories go to which hub.
func (c *Config) ReadOutputs(data []byte) error {
	var out struct {
		Identities struct{ Value map[string]Identity }
		Entra      struct {
			Value struct {
				RuleID string              `json:"rule_id"`
				Hubs   map[string][]string `json:"hubs"`
			}
		} `json:"entra_diagnostics"`
	}
	if err := json.Unmarshal(data, &out); err != nil {
		return fmt.Errorf("reading the outputs: not what `tofu output -json` prints: %w", err)
	}
	if len(out.Identities.Value) == 0 || out.Entra.Value.RuleID == "" {
		return fmt.Errorf("reading the outputs: identities or entra_diagnostics are missing: run `tofu output -json` in deploy/azure after `tofu apply`, without a name behind it")
	}
	for app, id := range out.Identities.Value {
		if err := checked(app, id.PrincipalID); err != nil {
			return err
		}
	}
	c.Identities, c.RuleID, c.Hubs = out.Identities.Value, out.Entra.Value.RuleID, out.Entra.Value.Hubs
	return nil
}

// AddIdentity takes an identity as APP=OBJECT_ID.
func (c *Config) AddIdentity(text string) error {
	app, id, _ := strings.Cut(text, "=")
	if err := checked(app, id); err != nil {
		return err
	}
	if c.Identities == nil {
		c.Identities = map[string]Identity{}
	}
	one := c.Identities[app]
	one.PrincipalID = strings.ToLower(id)
	c.Identities[app] = one
	return nil
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func checked(app, id string) error {
	if app != "detect" && app != "face" && app != "respond" || !guid.MatchString(id) {
		return fmt.Errorf("%q is not of the form APP=OBJECT_ID: the apps are detect, face and respond, the id is that of the identity's service principal, a GUID", app+"="+id)
	}
	return nil
}

// OneHub sends all categories to one hub in one setting. Functions know records by their category, whichever hub brings them.
func (c *Config) OneHub(hub string) error {
	if _, ok := c.Hubs[hub]; !ok {
		return fmt.Errorf("there is no hub %q among the outputs", hub)
	}
	var all []string
	for _, name := range sortedHubs(c.Hubs) {
		all = append(all, c.Hubs[name]...)
	}
	c.Hubs = map[string][]string{hub: all}
	return nil
}
