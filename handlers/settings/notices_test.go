package settings_test

import (
	"strings"
	"testing"

	"rekey/handlers/settings"
	"rekey/shared/host/config"
)

func TestTheHubOfNoticesIsNamedWithWhereItIs(t *testing.T) {
	for name, tt := range map[string]struct{ hub, namespace, connection, want string }{
		"nothing is set":              {},
		"reached as the identity":     {hub: "notices", namespace: "contoso.servicebus.windows.net"},
		"reached by a connection":     {hub: "notices", connection: "Endpoint=sb://localhost;SharedAccessKey=s3cret"},
		"nobody says where it is":     {hub: "notices", want: "one of REKEY_NOTICES_NAMESPACE and REKEY_NOTICES_CONNECTION_STRING"},
		"both ways are set":           {hub: "notices", namespace: "contoso.servicebus.windows.net", connection: "SharedAccessKey=s3cret", want: "one of REKEY_NOTICES_NAMESPACE"},
		"the hub is not named":        {namespace: "contoso.servicebus.windows.net", want: "REKEY_NOTICES_HUB is not set"},
		"the hub has only a secret":   {connection: "SharedAccessKey=s3cret", want: "REKEY_NOTICES_HUB is not set"},
		"the namespace is an address": {hub: "notices", namespace: "https://contoso.servicebus.windows.net/", want: "is not a host"},
	} {
		t.Run(name, func(t *testing.T) {
			example(t)
			t.Setenv("REKEY_NOTICES_HUB", tt.hub)
			t.Setenv("REKEY_NOTICES_NAMESPACE", tt.namespace)
			t.Setenv("REKEY_NOTICES_CONNECTION_STRING", tt.connection)
			err := config.Load(&settings.Respond{})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
