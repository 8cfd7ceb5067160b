package logfile_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"rekey/shared/logfile"
)

// BenchmarkReader cuts 64 MiB of sign-ins of 1.4 KB and decodes nothing.
func BenchmarkReader(b *testing.B) {
	line := strings.Replace(record(1), `"list":`, `"filler":"`+strings.Repeat("0123456789abcdef", 8)+`",`+strings.Repeat(`"name":"a value of a usual length","number":12345,`, 20)+`"list":`, 1)
	n := 64 << 20 / len(line)
	for name, body := range map[string]string{
		"lines":    strings.Repeat(line+"\n", n),
		"array":    `{"records":[` + strings.Repeat(line+",", n-1) + line + "]}",
		"indented": strings.Repeat(indented("["+line+"]")+"\n", n/2),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			buf := make([]byte, 0, logfile.ChunkSize)
			for b.Loop() {
				r := logfile.NewReader(strings.NewReader(body))
				for {
					c, err := r.Next(buf)
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil || c.Err != nil {
						b.Fatal(err, c.Err)
					}
					buf = c.Data
				}
			}
		})
	}
}
