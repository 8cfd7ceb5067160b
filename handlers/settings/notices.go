package settings

import (
	"errors"
	"strings"

	"rekey/shared/host/config"
)

// Notices says which event hub is told of every detection and of every state of an operation. Without one it is told nothing.
type Notices struct {
	Hub              string        `envconfig:"REKEY_NOTICES_HUB" help:"event hub that is told of every detection and every state of an operation (docs/notices.md), like notices; empty: none is"`
	Namespace        string        `envconfig:"REKEY_NOTICES_NAMESPACE" help:"its namespace, like contoso.servicebus.windows.net, reached as the managed identity, which needs Azure Event Hubs Data Sender on the hub"`
	ConnectionString config.Secret `envconfig:"REKEY_NOTICES_CONNECTION_STRING" help:"connection string of its namespace, instead of REKEY_NOTICES_NAMESPACE; a secret"`
}

// Validate implements the check of package config.
func (n *Notices) Validate() error {
	switch {
	case n.Hub == "" && (n.Namespace != "" || n.ConnectionString != ""):
		return errors.New("REKEY_NOTICES_HUB is not set, and where it is is: name the hub, or unset REKEY_NOTICES_NAMESPACE and REKEY_NOTICES_CONNECTION_STRING")
	case n.Hub != "" && (n.Namespace == "") == (n.ConnectionString == ""):
		return errors.New("REKEY_NOTICES_HUB is set: one of REKEY_NOTICES_NAMESPACE and REKEY_NOTICES_CONNECTION_STRING has to say where it is")
	case strings.Contains(n.Namespace, "/") || n.Namespace != "" && !strings.Contains(n.Namespace, "."):
		return errors.New("REKEY_NOTICES_NAMESPACE is not a host like contoso.servicebus.windows.net")
	}
	return nil
}
