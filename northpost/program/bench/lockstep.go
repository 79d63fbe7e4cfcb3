// A lock-step sender in the shape of listmonk's: goroutines take people from memory, execute an html/template for each,
// write multipart mail in quoted-printable, and send it with net/smtp over kept connections, waiting for each answer.
//
//	lockstep PORT CONNECTIONS COUNT RESET < {"subject", "html", "text"} as JSON
//
// RESET is "rset" or "none": whether a connection says RSET after each message before it takes the next, and waits for
// that answer too. listmonk's pool (github.com/knadh/smtppool, returnConn) always does.
//
// Prints {"seconds", "mails"} as JSON.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/smtp"
	"net/textproto"
	"os"
	"strconv"
	"sync"
	texttemplate "text/template"
	"time"
)

type Person struct {
	Email, FirstName, LastName, City, Card, Points, ID string
}

type Source struct{ Subject, HTML, Text string }

const site = "http://127.0.0.1:8000"

var functions = map[string]any{
	"TrackLink": func(url string, p *Person) string {
		return site + "/link/" + id(url) + "/" + id("campaign") + "/" + p.ID
	},
	"TrackView": func(p *Person) string { return site + "/campaign/" + id("campaign") + "/" + p.ID + "/px.png" },
	"Leave":     func(p *Person) string { return site + "/subscription/" + id("campaign") + "/" + p.ID },
}

var known sync.Map

// id is what a stored link's or campaign's UUID is elsewhere: 36 characters, looked up once.
func id(of string) string {
	if found, ok := known.Load(of); ok {
		return found.(string)
	}
	sum := sha256.Sum256([]byte(of))
	made := hex.EncodeToString(sum[:])[:36]
	known.Store(of, made)
	return made
}

func people(count int) []Person {
	made := make([]Person, count)
	for n := range made {
		made[n] = Person{
			fmt.Sprintf("person%d@mail%d.example", n, n%40), fmt.Sprintf("Firstname%d", n%997), fmt.Sprintf("Lastname%d", n%1009),
			fmt.Sprintf("City%d", n%311), fmt.Sprintf("K%09d", n), strconv.Itoa(n % 5000), "",
		}
		sum := sha256.Sum256([]byte(made[n].Email))
		made[n].ID = hex.EncodeToString(sum[:])[:36]
	}
	return made
}

type Sender struct {
	subject, text *texttemplate.Template
	html          *template.Template
	port          string
	reset         bool
}

func (s *Sender) compose(p *Person) []byte {
	var subject, html, text, out, body bytes.Buffer
	check(s.subject.Execute(&subject, p))
	check(s.html.Execute(&html, p))
	check(s.text.Execute(&text, p))
	parts := multipart.NewWriter(&body)
	for _, part := range []struct {
		kind    string
		content *bytes.Buffer
	}{{"text/plain; charset=utf-8", &text}, {"text/html; charset=utf-8", &html}} {
		header := textproto.MIMEHeader{"Content-Type": {part.kind}, "Content-Transfer-Encoding": {"quoted-printable"}}
		to, err := parts.CreatePart(header)
		check(err)
		quoted := quotedprintable.NewWriter(to)
		_, err = quoted.Write(part.content.Bytes())
		check(err)
		check(quoted.Close())
	}
	check(parts.Close())
	fmt.Fprintf(&out, "From: Bench <news@bench.example>\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-Id: <%s@bench.example>\r\n"+
		"List-Unsubscribe: <%s>\r\nMime-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=%s\r\n\r\n",
		p.Email, mime.QEncoding.Encode("utf-8", subject.String()), time.Now().Format(time.RFC1123Z), p.ID,
		site+"/subscription/"+p.ID, parts.Boundary())
	out.Write(body.Bytes())
	return out.Bytes()
}

func (s *Sender) work(queue <-chan *Person) {
	client, err := smtp.Dial("127.0.0.1:" + s.port)
	check(err)
	check(client.Hello("bench.example"))
	for p := range queue {
		mail := s.compose(p)
		check(client.Mail("bounce@bench.example"))
		check(client.Rcpt(p.Email))
		to, err := client.Data()
		check(err)
		_, err = to.Write(mail)
		check(err)
		check(to.Close())
		if s.reset {
			check(client.Reset())
		}
	}
	check(client.Quit())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "lockstep:", err)
		os.Exit(1)
	}
}

func main() {
	connections, err := strconv.Atoi(os.Args[2])
	check(err)
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	var source Source
	check(json.NewDecoder(os.Stdin).Decode(&source))
	sender := Sender{
		subject: texttemplate.Must(texttemplate.New("subject").Funcs(functions).Parse(source.Subject)),
		html:    template.Must(template.New("html").Funcs(functions).Parse(source.HTML)),
		text:    texttemplate.Must(texttemplate.New("text").Funcs(functions).Parse(source.Text)),
		port:    os.Args[1],
		reset:   os.Args[4] == "rset",
	}
	all := people(count)
	queue := make(chan *Person, 100)
	var working sync.WaitGroup
	began := time.Now()
	for range connections {
		working.Add(1)
		go func() { defer working.Done(); sender.work(queue) }()
	}
	for n := range all {
		queue <- &all[n]
	}
	close(queue)
	working.Wait()
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": time.Since(began).Seconds(), "mails": count}))
}
