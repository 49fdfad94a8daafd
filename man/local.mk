# Pages: mdoc.
