package command

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"time"

	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/state"
	"rekey/shared/fault"
	"rekey/shared/order"
	"rekey/shared/policy"
	"rekey/shared/store"
)

// policyCommand shows Rekey's Conditional Access policies, and orders what people want done about them. Like the HTTP
// function it holds no permission of Graph: the respond app carries the order out.
func policyCommand(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return ErrUsage
	}
	flags := flag.NewFlagSet("policy", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	named := flags.String("named", "", "the full displayName of a policy that Rekey did not make")
	reason := flags.String("reason", "", "why, for the ledger")
	wait := flags.Duration("wait", time.Minute, "how long to wait for the end of the order")
	if err := flags.Parse(args[1:]); err != nil {
		return fmt.Errorf("%w: %w", err, ErrUsage)
	}
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	if args[0] == "show" {
		return showPolicies(ctx, account, flags.Args(), out)
	}
	req, err := policyRequest(args[0], flags.Args())
	if err != nil {
		return err
	}
	req.Named, req.Reason, req.By, req.Key = *named, *reason, person(), rand.Text()
	o, err := order.New(req, time.Now())
	if err != nil {
		return err
	}
	s := orders.Store{Table: account.Table(store.TableOrders), Bell: account.Bell(store.QueueOrders)}
	if o, err = s.Open(ctx, o); err != nil {
		return err
	}
	fmt.Fprintln(out, "ordered:", o.ID)
	return await(ctx, s, o, *wait, out)
}

// policyRequest makes a request of the words of a call. A body that is wrong is refused here already.
func policyRequest(verb string, args []string) (order.Request, error) {
	switch {
	case verb == "remove" && len(args) == 1:
		return order.Request{Kind: order.RemovePolicy, IDs: args}, nil
	case verb == "create" && len(args) == 1:
		return withBody(order.Request{Kind: order.CreatePolicy}, args[0])
	case verb == "update" && len(args) == 2:
		return withBody(order.Request{Kind: order.UpdatePolicy, IDs: args[:1]}, args[1])
	}
	return order.Request{}, ErrUsage
}

func withBody(r order.Request, path string) (order.Request, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return r, fmt.Errorf("reading the policy: %w", err)
	}
	d, err := policy.Parse(body)
	if err == nil && r.Kind == order.CreatePolicy {
		_, err = d.New()
	}
	r.Body = body
	return r, err
}

// person is who calls, as the machine knows them: for the record, and no proof.
func person() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name + " at a terminal"
	}
	return name + " at a terminal of " + host
}

// await waits for the end of an order and says what came of it.
func await(ctx context.Context, s orders.Store, o order.Order, limit time.Duration, out io.Writer) error {
	const look = time.Second
	var err error
	for end := time.Now().Add(limit); o.Due(); {
		if time.Now().After(end) {
			fmt.Fprintln(out, "it is under way still; the respond app carries it out when it can")
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		if o, err = s.Get(ctx, o.ID); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s: %s\n", o.Status, o.Message)
	if o.Policy != "" {
		fmt.Fprintln(out, "policy:", o.Policy)
	}
	for _, l := range o.Left {
		fmt.Fprintf(out, "not covered: %s %s: %s\n", l.ID, l.Name, l.Reason)
	}
	for _, n := range o.Notes {
		fmt.Fprintln(out, "note:", n)
	}
	if o.Status == order.Failed {
		return fault.Errorf(fault.Denied, "order %s failed", o.ID)
	}
	return nil
}

func showPolicies(ctx context.Context, account *state.Account, args []string, out io.Writer) error {
	s := policies.Store{Table: account.Table(store.TablePolicies)}
	switch len(args) {
	case 0:
		all, err := s.All(ctx)
		for _, k := range all {
			fmt.Fprintf(out, "%s  %-34s  %s\n", k.ID, k.State, k.Name)
		}
		return err
	case 1:
		k, err := s.Get(ctx, args[0])
		if errors.Is(err, fault.NotFound) {
			return fmt.Errorf("there is no policy %s of Rekey's; `rekey policy show` lists them", args[0])
		}
		if err != nil {
			return err
		}
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(k)
	}
	return ErrUsage
}
