package command

import (
	"context"
	"fmt"
	"io"
	"slices"

	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/report"
)

// ask keeps a question to the owner and prints it. The same question on the same day is one, with its first deadline.
func (d desk) ask(ctx context.Context, c casefile.Case, w caseWords, out io.Writer) error {
	q, err := casefile.Ask(c, w.to, w.by, d.now())
	if err != nil {
		return err
	}
	if err := d.inquiries.Ask(ctx, q); err != nil {
		return err
	}
	all, err := d.inquiries.Of(ctx, c.ID)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(all, func(k casefile.Inquiry) bool { return k.ID == q.ID }); i >= 0 {
		q = all[i]
	}
	return report.Question(out, q)
}

// answer keeps what the owner said and rings triage. Called again with the same answer it only rings, so that a bell that
// failed is made up for by the same words.
func (d desk) answer(ctx context.Context, c casefile.Case, w caseWords, out io.Writer) error {
	all, err := d.inquiries.Of(ctx, c.ID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fault.Errorf(fault.NotFound, "nobody was asked about case %s: rekey case ask %s --to WHOM", c.ID, c.ID)
	}
	if !slices.ContainsFunc(all, func(q casefile.Inquiry) bool { return q.Answer == w.answer && q.By == w.by }) {
		open := slices.IndexFunc(all, func(q casefile.Inquiry) bool { return q.Answer == "" })
		if open < 0 {
			return fault.Errorf(fault.Conflict, "%.60q has answered %q about case %s already, and an answer stands: ask again with rekey case ask %s --to WHOM", all[0].By, all[0].Answer, c.ID, c.ID)
		}
		err := d.inquiries.Reply(ctx, c.ID, all[open].ID, func(q casefile.Inquiry) (casefile.Inquiry, error) {
			return q.Reply(w.answer, w.by, w.note, d.now())
		})
		if err != nil {
			return err
		}
	}
	if err := d.triage.Ring(ctx, c.Principal.Key()); err != nil {
		return fmt.Errorf("the answer is kept, but the level is not computed again yet; run the same command again: %w", err)
	}
	fmt.Fprintf(out, "The answer is kept. The level is computed again within moments: rekey case show %s\n", c.ID)
	return nil
}
