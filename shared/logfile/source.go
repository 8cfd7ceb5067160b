package logfile

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"rekey/shared/fault"
)

// plain undoes gzip, known by its first two bytes; members behind one another are one stream.
func plain(r io.Reader) (io.Reader, error) {
	var magic [2]byte
	n, err := io.ReadFull(r, magic[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	r = io.MultiReader(bytes.NewReader(magic[:n]), r)
	if n < 2 || magic != [2]byte{0x1f, 0x8b} {
		return r, nil
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(r, 1<<16))
	if err != nil {
		return nil, fault.Errorf(fault.Poison, "reading gzip: %v", err)
	}
	return z, nil
}

// cutOff reports whether an error says that compressed bytes are damaged, and not that they cannot be read.
func cutOff(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader)
}

// refuse says what a stream is that is no JSON, and what to bring instead. Only the first bytes are looked at.
func refuse(b []byte) error {
	b = bytes.TrimPrefix(b, byteOrderMark)
	head := bytes.TrimLeft(b[:min(len(b), 4096)], " \t\r\n")
	if len(head) == 0 || head[0] == '{' || head[0] == '[' {
		return nil
	}
	what, instead := "no JSON", "bring the logs as JSON: lines, an array, or {\"records\":[...]}"
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		what, instead = "UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8 FILE (in PowerShell, write it with Out-File -Encoding utf8)"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		what, instead = "a zip archive (or a workbook)", "unpack it first; a workbook does not hold whole records, export JSON"
	case bytes.HasPrefix(head, []byte("Obj\x01")):
		what, instead = "Avro, as Event Hubs Capture writes it", "export JSON to a storage account with a diagnostic setting"
	case looksLikeCSV(line):
		what = "CSV"
		instead = "CSV exports lack whole columns and cut long values. Export JSON: in the Entra admin centre choose Download > JSON, " +
			"from Log Analytics use `az monitor log-analytics query -o json`, or archive to a storage account with a diagnostic setting"
	}
	return fault.Errorf(fault.Poison, "reading logs: this is %s, which begins with %s: %s", what, shown(line), instead)
}

func looksLikeCSV(line []byte) bool {
	return bytes.ContainsAny(line, ",;\t") && bytes.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' }) < 0
}

// shown quotes the beginning of a text.
func shown(b []byte) string {
	return fmt.Sprintf("%.40q", strings.ToValidUTF8(string(b[:min(len(b), 40)]), "?"))
}
