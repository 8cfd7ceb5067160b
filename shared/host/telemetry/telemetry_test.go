package telemetry_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"rekey/shared/host/telemetry"
)

func TestNoKeyReachesTheLog(t *testing.T) {
	for name, attr := range map[string]slog.Attr{
		"a SAS signature":          slog.String("url", "https://a.blob.core.windows.net/x?sv=1&sig=s3cret&se=2"),
		"a function key in a URL":  slog.String("url", "http://h/api/x?code=s3cret"),
		"an account key":           slog.Any("error", errors.New("AccountName=a;AccountKey=s3cret==;X=y")),
		"a bearer token":           slog.String("header", "Bearer s3cret.s3cret.s3cret"),
		"a token on its own":       slog.String("text", "got eyJhbGciOiJSUzI1NiJ9.s3cret.s3cret"),
		"an attribute of its name": slog.String("Authorization", "s3cret"),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			telemetry.NewLogger(&out, slog.LevelInfo).LogAttrs(t.Context(), slog.LevelInfo, "x", attr)
			if strings.Contains(out.String(), "s3cret") || !strings.Contains(out.String(), "***") {
				t.Error(out.String())
			}
		})
	}
}
