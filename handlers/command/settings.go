package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	apps "rekey/handlers/settings"
	"rekey/shared/host/config"
)

// settings prints every setting by app.
func settings(_ context.Context, _ []string, out io.Writer) error {
	for _, app := range apps.Apps() {
		fmt.Fprintf(out, "%s\n", app.Name)
		for _, s := range config.Describe(app.Specs[0]) {
			kind := "optional"
			switch {
			case s.Required:
				kind = "required"
			case s.Default != "":
				kind = "default " + s.Default
			}
			fmt.Fprintf(out, "  %s (%s)\n      %s\n", s.Name, kind, strings.TrimSpace(s.Help))
		}
		fmt.Fprintln(out)
	}
	return nil
}
