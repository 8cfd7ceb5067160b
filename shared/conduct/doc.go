// Package conduct looks at one principal's days beside the model of unfamiliar sign-ins: sign-ins that fail, a slow drift that
// no single day shows, a federated credential that was never used, the retired Azure AD Graph, and a supplier's application
// that reads mail from where it never was. One rule a file, registered in Catalogue.
//
// Every rule is a pure function of what the state says of the days before and of the day itself, so what is found does not
// depend on the order or number of deliveries; the day's records are only cited (Mark). Failed sign-ins teach no profile, and
// anybody who knows an application's id can cause them: a rule finds one thing a principal and day, however many there are.
package conduct
