package config

import "errors"

// Tenant says whose logs these are. There is no default: state of two tenants must never mix.
type Tenant struct {
	ID GUID `envconfig:"REKEY_TENANT_ID" required:"true" help:"the tenant's id, a GUID like 11111111-2222-3333-4444-555555555555"`
}

// Identity is the managed identity the process acts as.
type Identity struct {
	ClientID GUID `envconfig:"REKEY_CLIENT_ID" help:"client id (a GUID) of the app's user-assigned managed identity; empty means the system-assigned one"`
}

// State says where state is kept: by identity (three URLs) or by connection string. There is no default.
type State struct {
	ConnectionString Secret `envconfig:"REKEY_STATE_CONNECTION_STRING" help:"connection string of the state account; prefer the three URLs and a managed identity"`
	TableURL         URL    `envconfig:"REKEY_STATE_TABLE_URL" help:"an https URL like https://account.table.core.windows.net"`
	QueueURL         URL    `envconfig:"REKEY_STATE_QUEUE_URL" help:"an https URL like https://account.queue.core.windows.net"`
	BlobURL          URL    `envconfig:"REKEY_STATE_BLOB_URL" help:"an https URL like https://account.blob.core.windows.net"`
}

// Validate asks for exactly one way to reach the state account.
func (s *State) Validate() error {
	urls := s.TableURL != "" && s.QueueURL != "" && s.BlobURL != ""
	some := s.TableURL != "" || s.QueueURL != "" || s.BlobURL != ""
	switch {
	case s.ConnectionString != "" && some:
		return errors.New("REKEY_STATE_CONNECTION_STRING and REKEY_STATE_*_URL are both set: choose one")
	case s.ConnectionString == "" && !urls:
		return errors.New("the state account is not set: set REKEY_STATE_TABLE_URL, REKEY_STATE_QUEUE_URL and REKEY_STATE_BLOB_URL, or REKEY_STATE_CONNECTION_STRING")
	}
	return nil
}
