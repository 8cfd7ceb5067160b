package settings

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rekey/shared/decide"
	"rekey/shared/host/config"
	"rekey/shared/host/webhook"
)

// Paging says who is called, and how. Without an address each call is an error in the log, with an id and nothing about
// whom: something must watch the log then.
type Paging struct {
	URL       config.Secret `envconfig:"REKEY_PAGE_URL" help:"https address that calls to people are sent to, as signed JSON; a secret; empty: a call is an error in the log"`
	SecondURL config.Secret `envconfig:"REKEY_PAGE_SECOND_URL" help:"https address of the second line, which is called when nobody answers for 15 minutes; a secret; empty: the first line's"`
	Key       config.Secret `envconfig:"REKEY_PAGE_KEY" help:"key that calls are signed with, at least 16 characters; needed with REKEY_PAGE_URL (make one: openssl rand -hex 32)"`
	Hosts     []string      `envconfig:"REKEY_PAGE_HOSTS" help:"hosts that may be called, separated by commas, like hooks.contoso.com; needed with REKEY_PAGE_URL, so that an address that was changed alone calls nobody else"`
}

// Validate implements the check of package config.
func (p *Paging) Validate() error {
	if p.URL == "" {
		if p.SecondURL != "" {
			return errors.New("REKEY_PAGE_SECOND_URL is set and REKEY_PAGE_URL is not: the first line is called first")
		}
		return nil
	}
	_, err := p.clients()
	return err
}

// clients opens the lines.
func (p *Paging) clients() (map[decide.Line]*webhook.Client, error) {
	out := map[decide.Line]*webhook.Client{}
	second, named := p.SecondURL, "REKEY_PAGE_SECOND_URL"
	if second == "" {
		second, named = p.URL, "REKEY_PAGE_URL"
	}
	for line, to := range map[decide.Line][2]string{decide.FirstLine: {"REKEY_PAGE_URL", string(p.URL)}, decide.SecondLine: {named, string(second)}} {
		c, err := webhook.New(webhook.Config{URL: to[1], Key: []byte(p.Key), Hosts: p.Hosts})
		if err != nil {
			return nil, fmt.Errorf("%s is not usable with REKEY_PAGE_KEY and REKEY_PAGE_HOSTS (%s): %w", to[0], strings.Join(p.Hosts, ","), err)
		}
		out[line] = c
	}
	return out, nil
}

// Send returns what delivers a page to its line; nil when no address is set.
func (p *Paging) Send() (func(context.Context, decide.Page) error, error) {
	if p.URL == "" {
		return nil, nil
	}
	clients, err := p.clients()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, page decide.Page) error { return clients[page.Line].Post(ctx, page.ID, page) }, nil
}
