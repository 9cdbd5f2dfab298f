#!/usr/bin/env node
import '../dist/kubets.js'
