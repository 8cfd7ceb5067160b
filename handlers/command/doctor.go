package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"time"

	"rekey/handlers/doctor"
	apps "rekey/handlers/settings"
	"rekey/handlers/setup"
	"rekey/handlers/state"
	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/host/config"
)

// errFindings ends the command with 1.
var errFindings = errors.New("something is not as it should be, see FAIL above")

// doctorCommand looks at everything and changes nothing.
func doctorCommand(ctx context.Context, args []string, out io.Writer) error {
	var a setupArgs
	var table string
	if err := flags(args, func(f *flag.FlagSet) {
		a.world(f)
		f.StringVar(&table, "network-table", "", "the address table")
	}); err != nil {
		return err
	}
	if err := a.complete(); err != nil {
		return err
	}
	c, err := checkup(ctx, a)
	if err != nil {
		return err
	}
	if table != "" {
		c.NetworkTable = table
	}
	return tell(doctor.New(c).Look(ctx), a.json, out)
}

// checkup opens what is looked at.
func checkup(ctx context.Context, a setupArgs) (doctor.Config, error) {
	var s apps.Checkup
	if err := config.Load(&s); err != nil {
		return doctor.Config{}, err
	}
	cred, err := state.Person(ctx, a.as, string(s.Tenant.ID), s.Identity)
	if err != nil {
		return doctor.Config{}, err
	}
	account, err := state.OpenAs(s.State, cred)
	if err != nil {
		return doctor.Config{}, err
	}
	c := doctor.Config{State: account, GraphURL: string(s.GraphURL), NetworkTable: s.NetworkTable, Mode: s.Mode, Now: time.Now}
	a.config.Graph = graph.New(string(s.GraphURL), cred, graph.Options{})
	if a.config.ARM, err = arm.New(string(s.ARMURL), cred, arm.Options{}); err != nil {
		return c, err
	}
	c.Graph = a.config.Graph
	if len(a.config.Identities) > 0 {
		c.Setup = setup.New(a.config)
	}
	return c, nil
}

func tell(r doctor.Report, asJSON bool, out io.Writer) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(r); err != nil {
			return err
		}
	} else {
		r.Text(out)
	}
	if r.Failed() {
		return errFindings
	}
	return nil
}
