package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"rekey/shared/azure/redact"
)

func TestAValueIsNeverShownUnlessItIsRevealed(t *testing.T) {
	v := redact.Hide("s3cret")
	holder := struct{ Key redact.Value }{v}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", v, "holder", holder)
	encoded, err := json.Marshal(map[string]any{"v": v, "p": &v, "h": holder})
	if err != nil {
		t.Fatal(err)
	}
	text := log.String() + string(encoded) + fmt.Sprintf("%v %+v %#v %s %q %v %+v %#v %x", v, v, v, v, v, holder, holder, holder, v)
	if strings.Contains(text, "s3cret") || strings.Contains(text, fmt.Sprintf("%x", "s3cret")) {
		t.Error(text)
	}
	if v.Reveal() != "s3cret" || v.Empty() || !(redact.Value{}).Empty() {
		t.Error("the value is lost")
	}
}
