package config_test

import (
	"fmt"
	"strings"
	"testing"

	"rekey/shared/host/config"
)

type spec struct {
	config.Tenant
	config.State
	Own   config.Prefixes `envconfig:"T_OWN" help:"networks, like 192.0.2.0/24,198.51.100.7"`
	Graph config.URL      `envconfig:"T_GRAPH" default:"https://graph.microsoft.com" help:"an https URL"`
	Key   config.Key      `envconfig:"T_KEY" help:"base64 of at least 16 bytes"`
	Acts  int             `envconfig:"T_ACTS" default:"1" help:"a whole number"`
}

func (s *spec) Validate() error { return s.State.Validate() }

func good() map[string]string {
	return map[string]string{
		"REKEY_TENANT_ID":               "AAAAAAAA-2222-3333-4444-555555555555",
		"REKEY_STATE_CONNECTION_STRING": "AccountName=x;AccountKey=s3cret",
	}
}

func TestGoodSettings(t *testing.T) {
	for k, v := range good() {
		t.Setenv(k, v)
	}
	t.Setenv("T_OWN", "192.0.2.0/24, 198.51.100.7")
	var s spec
	if err := config.Load(&s); err != nil {
		t.Fatal(err)
	}
	if s.Tenant.ID != "aaaaaaaa-2222-3333-4444-555555555555" || s.Graph != "https://graph.microsoft.com" || len(s.Own) != 2 || s.Acts != 1 {
		t.Errorf("%+v", s)
	}
	if text := fmt.Sprintf("%v %+v %#v", s, s, s.State); strings.Contains(text, "s3cret") {
		t.Errorf("a secret prints itself: %s", text)
	}
}

func TestABadSettingIsOneErrorThatNamesTheVariableAndWhatIsAllowed(t *testing.T) {
	tests := map[string]struct {
		set  map[string]string
		want string
		not  string
	}{
		"no tenant":                      {map[string]string{"REKEY_TENANT_ID": ""}, "REKEY_TENANT_ID is not set: the tenant's id, a GUID", ""},
		"a tenant that is no GUID":       {map[string]string{"REKEY_TENANT_ID": "contoso"}, `REKEY_TENANT_ID is "contoso"`, ""},
		"no storage":                     {map[string]string{"REKEY_STATE_CONNECTION_STRING": ""}, "REKEY_STATE_TABLE_URL, REKEY_STATE_QUEUE_URL and REKEY_STATE_BLOB_URL", ""},
		"two ways to storage":            {map[string]string{"REKEY_STATE_TABLE_URL": "https://a.table.core.windows.net"}, "choose one", ""},
		"a URL without TLS":              {map[string]string{"T_GRAPH": "http://graph.microsoft.com"}, `T_GRAPH is "http://graph.microsoft.com": an https URL`, ""},
		"a network that is none":         {map[string]string{"T_OWN": "10.0.0.0/99"}, "T_OWN", ""},
		"a number that is none":          {map[string]string{"T_ACTS": "many"}, `T_ACTS is "many": a whole number`, ""},
		"a short key, which stays quiet": {map[string]string{"T_KEY": "c2hvcnQ="}, "T_KEY is not usable: base64", "c2hvcnQ="},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for k, v := range good() {
				t.Setenv(k, v)
			}
			for k, v := range tt.set {
				t.Setenv(k, v)
			}
			err := config.Load(new(spec))
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.not != "" && strings.Contains(err.Error(), tt.not) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
