// Prints the parts of PromQL expressions by Prometheus' own parser: one JSON array for the array on standard input.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/prometheus/prometheus/promql/parser"
)

type node map[string]any

func walk(expr parser.Expr) node {
	position := expr.PositionRange()
	at := []int{int(position.Start), int(position.End)}
	switch found := expr.(type) {
	case *parser.AggregateExpr:
		return node{"kind": "aggregation", "op": found.Op.String(), "labels": found.Grouping, "without": found.Without, "args": []node{walk(found.Expr)}}
	case *parser.BinaryExpr:
		matching := node{}
		if found.VectorMatching != nil {
			matching = node{"on": found.VectorMatching.On, "labels": found.VectorMatching.MatchingLabels, "include": found.VectorMatching.Include}
		}
		return node{"kind": "binary", "op": found.Op.String(), "comparison": found.Op.IsComparisonOperator(), "matching": matching, "args": []node{walk(found.LHS), walk(found.RHS)}}
	case *parser.Call:
		args := []node{}
		for _, argument := range found.Args {
			args = append(args, walk(argument))
		}
		return node{"kind": "call", "op": found.Func.Name, "args": args}
	case *parser.MatrixSelector:
		return node{"kind": "range", "seconds": found.Range.Seconds(), "at": at, "args": []node{walk(found.VectorSelector)}}
	case *parser.VectorSelector:
		matchers := []node{}
		for _, matcher := range found.LabelMatchers {
			matchers = append(matchers, node{"label": matcher.Name, "op": matcher.Type.String(), "value": matcher.Value})
		}
		return node{"kind": "selector", "metric": found.Name, "matchers": matchers}
	case *parser.NumberLiteral:
		return node{"kind": "number", "value": found.Val, "at": at}
	case *parser.StringLiteral:
		return node{"kind": "string", "value": found.Val}
	case *parser.ParenExpr:
		return walk(found.Expr)
	case *parser.UnaryExpr:
		return node{"kind": "unary", "op": found.Op.String(), "args": []node{walk(found.Expr)}}
	}
	panic(fmt.Sprintf("%T is not handled", expr))
}

func main() {
	var expressions []string
	if err := json.NewDecoder(os.Stdin).Decode(&expressions); err != nil {
		panic(err)
	}
	parsed := []node{}
	for _, expression := range expressions {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
		if err != nil {
			panic(fmt.Sprintf("%s: %s", expression, err))
		}
		parsed = append(parsed, walk(expr))
	}
	if err := json.NewEncoder(os.Stdout).Encode(parsed); err != nil {
		panic(err)
	}
}
