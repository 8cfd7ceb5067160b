package pages_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rekey/handlers/pages"
	"rekey/shared/decide"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func TestACallIsMadeOnceAndAgainOnlyWhenItFailed(t *testing.T) {
	var sent []string
	down := true
	p := pages.Pager{Table: &memory.Table{}, Now: func() time.Time { return now.Add(time.Hour) }, Send: func(_ context.Context, p decide.Page) error {
		if down && p.Line == decide.SecondLine {
			return errors.New("nobody there")
		}
		sent = append(sent, string(p.Line))
		return nil
	}}
	c := decide.Concern{Reason: decide.PageProofFailed, Subject: "op-1", Since: now}
	if err := p.Call(t.Context(), c); err == nil || strings.Join(sent, " ") != "first" {
		t.Fatalf("%v (%v)", sent, err)
	}
	down = false
	for range 3 {
		if err := p.Call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(sent, " ") != "first second" {
		t.Errorf("called %v", sent)
	}
	c.Since = now.Add(time.Minute) // it failed again
	if err := p.Call(t.Context(), c); err != nil || len(sent) != 4 {
		t.Errorf("called %v (%v)", sent, err)
	}
}

func TestWithoutAnAddressTheLogGetsTheIDAndNothingAboutWhom(t *testing.T) {
	var log bytes.Buffer
	p := pages.Pager{Table: &memory.Table{}, Logger: slog.New(slog.NewJSONHandler(&log, nil)), Now: func() time.Time { return now }}
	if err := p.Call(t.Context(), decide.Concern{Reason: decide.PageCapReached, Subject: "op-1", Principal: "sp1", Name: "payroll", Since: now}); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if !strings.Contains(text, `"level":"ERROR"`) || !strings.Contains(text, "page-") || strings.Contains(text, "payroll") || strings.Contains(text, "sp1") {
		t.Errorf("logged %s", text)
	}
}

func TestWithoutATableNobodyIsCalled(t *testing.T) {
	if err := (pages.Pager{}).Call(t.Context(), decide.Concern{Reason: decide.PageCapReached}); err != nil {
		t.Error(err)
	}
}
