import './base.css';
import './header.css';
import './reach.css';
